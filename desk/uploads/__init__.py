"""Files: kept, opened apart, believed by their bytes, fit for a paper."""
