"""What a source in TeX defines and sets aside: macros, tables, units, words kept letter by letter."""
