"""The report as one HTML page that holds all it needs: what the page shows, and how it is drawn."""
