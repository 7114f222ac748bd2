"""The rules: what makes a diagnostic, and how it is said."""
