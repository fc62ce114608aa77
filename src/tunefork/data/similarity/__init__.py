"""How alike texts are: words, MinHash, and the pairs of two splits that are nearly equal."""
