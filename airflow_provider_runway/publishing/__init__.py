"""Publishing a stored video once: what tells one publication from another, how it is sent, and what a retry does."""
