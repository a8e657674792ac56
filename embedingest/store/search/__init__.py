"""Which rows answer a query, and in which order. Knows no models; the query comes embedded."""
