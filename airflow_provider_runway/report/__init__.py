"""What has become of videos within some hours: for the command line, and for a task that sends it somewhere."""
