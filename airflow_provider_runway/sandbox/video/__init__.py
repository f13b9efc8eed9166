"""The pictures: real MP4 and PNG files, another for every task."""
