//! What a list asks for, checked row by row.

use super::{Column, Table};
use hangtu_catalog::{
    Catalog, Language,
    course::{Course, Role},
};
use std::collections::{BTreeMap, BTreeSet};

/// One person's enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The row it came from.
    pub row: u32,
    /// Staff number.
    pub number: String,
    /// Name.
    pub name: String,
    /// E-mail address, or empty.
    pub email: String,
    /// Department, or empty.
    pub department: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Courses: those named, and those that address the roles where none is named.
    pub courses: Vec<String>,
}

/// What a list came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enrolments {
    /// Rows that can be used.
    pub good: Vec<Enrolment>,
    /// What is wrong with the others, by row. A row with an error is not in `good`.
    pub errors: Vec<RowError>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The row, as the file numbers it.
    pub row: u32,
    /// The column.
    pub column: Column,
    /// Why.
    pub why: Why,
}

/// What is wrong with a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing in it.
    Missing,
    /// The header has no such column.
    NoColumn,
    /// Longer than 200 characters.
    TooLong,
    /// No e-mail address.
    Address,
    /// No role of this name.
    Role(String),
    /// No course of this name.
    Course(String),
    /// The staff number stands in this row already.
    Twice(u32),
}

/// What rows may name.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Roles and their titles.
    pub catalog: &'a Catalog,
    /// Courses: ours, and those the organisation added.
    pub courses: &'a [Course],
}

/// Titles of columns that are understood: ours first.
pub(super) fn titles(column: Column) -> &'static [&'static str] {
    match column {
        Column::Number => {
            &["工号", "Staff number", "number", "staff no", "employee id", "编号", "人员编号"]
        }
        Column::Name => &["姓名", "Name", "full name"],
        Column::Email => &["邮箱", "E-mail", "email", "电子邮箱", "mail"],
        Column::Department => &["部门", "Department", "所在部门"],
        Column::Roles => &["角色", "Roles", "role", "岗位角色"],
        Column::Courses => &["课程", "Courses", "course"],
    }
}

const LONGEST: usize = 200;

/// Checks a table: the first row is the header, in either language, columns in any order.
pub fn enrolments(table: &Table, known: &Known<'_>) -> Enrolments {
    let mut out = Enrolments::default();
    let Some(((header, head), rows)) = table.rows.split_first() else { return out };
    let folded = |t: &str| t.trim().trim_start_matches('\u{feff}').to_lowercase();
    let place = |column: Column| {
        head.iter().position(|cell| titles(column).iter().any(|t| folded(t) == folded(cell)))
    };
    let places: BTreeMap<Column, usize> =
        Column::ALL.into_iter().filter_map(|c| Some((c, place(c)?))).collect();
    for column in [Column::Number, Column::Name] {
        if !places.contains_key(&column) {
            out.errors.push(RowError { row: *header, column, why: Why::NoColumn });
        }
    }
    if !out.errors.is_empty() {
        return out;
    }
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for (row, cells) in rows {
        let row = *row;
        let mut errors = Vec::new();
        let mut wrong = |column, why| errors.push(RowError { row, column, why });
        let mut get = |column: Column| {
            let text = places.get(&column).and_then(|n| cells.get(*n)).map_or("", |c| c.trim());
            if text.chars().count() > LONGEST && column != Column::Courses {
                wrong(column, Why::TooLong);
            }
            text
        };
        let [number, name, email, department, roles, courses] = Column::ALL.map(&mut get);
        for (column, text) in [(Column::Number, number), (Column::Name, name)] {
            if text.is_empty() {
                wrong(column, Why::Missing);
            }
        }
        if !number.is_empty() {
            match seen.get(number) {
                Some(first) => wrong(Column::Number, Why::Twice(*first)),
                None => {
                    seen.insert(number.to_owned(), row);
                }
            }
        }
        if !email.is_empty() && !is_address(email) {
            wrong(Column::Email, Why::Address);
        }
        let mut named_roles = BTreeSet::new();
        for text in parts(roles) {
            match role(text, known) {
                Some(role) => {
                    named_roles.insert(role);
                }
                None => wrong(Column::Roles, Why::Role(text.to_owned())),
            }
        }
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        for text in parts(courses) {
            match course(text, known) {
                Some(course) => {
                    wanted.insert(&course.id);
                }
                None => wrong(Column::Courses, Why::Course(text.to_owned())),
            }
        }
        if courses.is_empty() {
            let addressed = |c: &&Course| c.roles.iter().any(|r| named_roles.contains(r));
            wanted.extend(known.courses.iter().filter(addressed).map(|c| c.id.as_str()));
        }
        if errors.is_empty() {
            out.good.push(Enrolment {
                row,
                number: number.to_owned(),
                name: name.to_owned(),
                email: email.to_owned(),
                department: department.to_owned(),
                roles: named_roles.into_iter().collect(),
                courses: wanted.into_iter().map(str::to_owned).collect(),
            });
        } else {
            out.errors.append(&mut errors);
        }
    }
    out
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '，', '；', '、', '|']).map(str::trim).filter(|p| !p.is_empty())
}

fn role(text: &str, known: &Known<'_>) -> Option<Role> {
    let titled = |role: &Role| {
        let title = known.catalog.training.role(*role);
        title.is_some_and(|t| Language::ALL.iter().any(|l| t.get(*l).eq_ignore_ascii_case(text)))
    };
    let id = serde_json::from_value(text.to_ascii_lowercase().into()).ok();
    id.or_else(|| Role::ALL.into_iter().find(titled))
}

fn course<'a>(text: &str, known: &Known<'a>) -> Option<&'a Course> {
    let titled =
        |c: &&Course| Language::ALL.iter().any(|l| c.title.get(*l).eq_ignore_ascii_case(text));
    let by_id = known.courses.iter().find(|c| c.id == text);
    by_id.or_else(|| known.courses.iter().find(titled))
}

/// An address, roughly: something, @, something with a dot.
fn is_address(text: &str) -> bool {
    let Some((who, host)) = text.rsplit_once('@') else { return false };
    let fine = |t: &str| {
        !t.is_empty()
            && !t.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"@".contains(c))
    };
    fine(who) && fine(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
}
