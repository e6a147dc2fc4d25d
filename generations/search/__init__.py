"""Finding generations by words and by meaning: what is made of them to be found by, and the finding."""
