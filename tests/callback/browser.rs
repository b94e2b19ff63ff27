//! A real browser brings the genuine answer and shows how it ended.
