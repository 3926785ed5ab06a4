"""From an image to dense descriptors: network, network file, extractors."""
