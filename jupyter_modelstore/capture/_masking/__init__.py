"""What :func:`capture._secrets.mask` is made of: judging names, forms and values, and reading cells."""
