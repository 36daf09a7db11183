"""Where a material comes from without the applicant: ports with local stand-ins. Imports nothing of ours."""
