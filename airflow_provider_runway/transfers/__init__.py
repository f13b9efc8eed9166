"""From KIE.AI to object storage."""
