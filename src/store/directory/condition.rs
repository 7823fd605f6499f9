//! A filter as SQL: names and values are bound, never written into the text.
