//! Enrolment lists: who is to take which courses, from CSV or a workbook, with a report for each row
//! that cannot be used; a template to fill in, and the report as a workbook.

mod check;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use check::{Enrolment, Enrolments, Known, RowError, Why, enrolments};
pub use table::{Table, TableError, read_table};
pub use write::{describe, write_report, write_template};

/// The columns of an enrolment list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Staff number; tells people apart.
    Number,
    /// Name.
    Name,
    /// E-mail address; may be left out.
    Email,
    /// Department; may be left out.
    Department,
    /// Roles, with commas or semicolons between them; may be left out.
    Roles,
    /// Courses, by id or title; may be left out, then the roles decide.
    Courses,
}

impl Column {
    /// All, in the order of the template.
    pub const ALL: [Self; 6] =
        [Self::Number, Self::Name, Self::Email, Self::Department, Self::Roles, Self::Courses];
}
