"""A fitted model taken home: saved, loaded, put to work on new images, its decision moved, exported."""
