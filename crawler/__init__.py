"""GOES OUT: the only room with a network cable. One spider, one portal a visit, all it receives into the WARC."""
