"""Pages of a PDF: what is read of them through PDFium, and what their lines are. Draws and reads no pictures."""
