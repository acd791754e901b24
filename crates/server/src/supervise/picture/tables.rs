//! The picture's numbers as tables, for the workbook and for paper.

use super::{
    compute::{Area, Picture, Place},
    home,
};
use crate::ui::Page;
use hangtu_catalog::{key, key::Key};

/// A cell.
pub(super) enum Cell {
    Text(String),
    Number(f64),
    Nothing,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Number(n as f64)
    }
}

impl From<Option<f64>> for Cell {
    fn from(n: Option<f64>) -> Self {
        n.map_or(Self::Nothing, Self::Number)
    }
}

/// A table.
pub(super) struct Sheet {
    pub(super) name: Key,
    pub(super) head: Vec<Key>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// The columns that a sheet of paper has room for; the first of them is the widest.
    pub(super) paper: &'static [usize],
}

/// All tables of a picture, in the page's language.
pub(super) fn sheets(page: &Page, p: &Picture) -> Vec<Sheet> {
    let catalog = &page.ctx.app.catalog;
    let industry = |code: &str| {
        let found = catalog.industries.iter().find(|i| i.code == code);
        found.map_or_else(String::new, |i| page.b(&i.name).to_owned())
    };
    let region = |code: &str| home::region(catalog, code, page.ctx.language);
    vec![
        goals(page, p),
        places(key::PICTURE_TILES, key::SUPERVISE_REGION, &p.regions, region),
        places(key::PICTURE_INDUSTRIES, key::SUPERVISE_INDUSTRY, &p.industries, industry),
        heat(page, p),
        months(page, p),
    ]
}

fn goals(page: &Page, p: &Picture) -> Sheet {
    let rows = p.goals.iter().map(|g| {
        let name = page.ctx.app.catalog.targets.figure(&g.id);
        let name =
            name.map_or_else(|| page.t(key::PICTURE_FIGURE_TOP), |t| page.b(&t.name).to_owned());
        vec![
            name.into(),
            g.figure.into(),
            g.today.into(),
            g.missing.into(),
            g.rate.into(),
            g.needed.into(),
            g.projected.map(|n| n as f64).into(),
        ]
    });
    Sheet {
        name: key::PICTURE_TARGETS,
        head: vec![
            key::PICTURE_TARGETS,
            key::PICTURE_TARGET,
            key::PICTURE_TODAY,
            key::PICTURE_MISSING,
            key::PICTURE_RATE,
            key::PICTURE_NEEDED,
            key::PICTURE_PROJECTED,
        ],
        rows: rows.collect(),
        paper: &[0, 1, 2, 3, 4, 5, 6],
    }
}

fn places(name: Key, what: Key, all: &[Place], called: impl Fn(&str) -> String) -> Sheet {
    let row = |place: &Place| {
        let s: &Area = &place.sums;
        let numbers = [
            s.registered,
            s.above,
            s.invited,
            s.submitted,
            s.accepted,
            s.graded,
            s.target,
            s.target_graded,
            s.person_times,
            s.professionals,
        ];
        let names = [place.code.clone(), called(&place.code)].map(Cell::from);
        names.into_iter().chain(numbers.map(Cell::from)).collect()
    };
    Sheet {
        name,
        head: vec![
            key::PICTURE_CODE,
            what,
            key::PICTURE_REGISTERED,
            key::PICTURE_ABOVE,
            key::PICTURE_INVITED,
            key::PICTURE_SUBMITTED,
            key::PICTURE_ACCEPTED,
            key::PICTURE_GRADED,
            key::ROSTER_IN_TARGET,
            key::PICTURE_FIGURE_TOP,
            key::FIRM_PERSON_TIMES,
            key::FIRM_PROFESSIONALS,
        ],
        rows: all.iter().map(row).collect(),
        paper: &[1, 2, 6, 7, 8, 9, 10, 11],
    }
}

fn heat(page: &Page, p: &Picture) -> Sheet {
    let rows = p.heat.iter().map(|h| {
        let names = [page.word("scenario", &h.scenario), page.word("level", &h.level)];
        let n = [h.enterprises, h.open, h.overdue, h.accepted, h.corrected, h.proven];
        names.map(Cell::from).into_iter().chain(n.map(Cell::from)).collect()
    });
    Sheet {
        name: key::PICTURE_HEAT,
        head: vec![
            key::FIRM_SCENARIO,
            key::FIRM_LEVEL,
            key::PICTURE_ENTERPRISES,
            key::FIRM_RISK_OPEN,
            key::FIRM_RISK_OVERDUE,
            key::FIRM_RISK_ACCEPTED,
            key::FIRM_RISK_CORRECTED,
            key::FIRM_RISK_PROVEN,
        ],
        rows: rows.collect(),
        paper: &[0, 1, 2, 3, 4, 5, 6, 7],
    }
}

fn months(page: &Page, p: &Picture) -> Sheet {
    let rows = p.months.iter().map(|m| {
        let name = if m.month.is_empty() { page.t(key::PICTURE_EARLIER) } else { m.month.clone() };
        vec![name.into(), m.open.into(), m.closed.into()]
    });
    Sheet {
        name: key::FIRM_MAJORS,
        head: vec![key::PICTURE_MONTH, key::FIRM_RISK_OPEN, key::FIRM_RISK_PROVEN],
        rows: rows.collect(),
        paper: &[0, 1, 2],
    }
}
