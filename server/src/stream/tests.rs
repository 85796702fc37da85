//! A stream as a whole.
