//! The books, as far as they are looked after outside the database.

pub mod mark;
