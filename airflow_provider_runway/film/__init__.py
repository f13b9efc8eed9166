"""From clips to one film, by ffmpeg: what is asked of it is formed apart from running it."""
