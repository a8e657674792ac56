"""What Office files have in common, whichever program wrote them: parts of a package, equations, numbers of lists."""
