"""Rule sets: documents, features, expressions, reasons, plans."""
