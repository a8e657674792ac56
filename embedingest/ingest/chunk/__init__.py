"""Documents to chunks that fit the model. Knows no models: it is handed a sizer."""
