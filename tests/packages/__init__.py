"""The packages of a release: a .deb for each Debian, an image, lists of what is in them. `make package` makes them."""
