//! The row at a place of an unfiltered list, by blocks of 512 numbers.
