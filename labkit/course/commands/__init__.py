"""Commands whose work is done in a room of the package, each in a file that imports it when it is called."""
