"""What a person sees and types: results, options, progress, findings, pages."""
