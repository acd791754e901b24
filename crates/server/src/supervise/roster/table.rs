//! The roster out of a table: CSV as a stream, XLSX cell by cell, every line checked by itself.

use super::{
    lookup::{Lookup, status, yes, yuan},
    sheet::{COLUMNS, csv, workbook},
};
use hangtu_catalog::{Bilingual, Catalog, credit_code, key};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek},
};

/// Lines of a table.
pub(super) const LINES: u32 = 500_000;
/// Bytes of a CSV file, which is read as a stream.
pub(super) const CSV: u64 = 256 << 20;
/// Bytes of a workbook, whose texts are read into memory.
pub(super) const XLSX: u64 = 32 << 20;
/// Characters of a value that an error shows.
const SHOWN: usize = 60;

/// A line that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) credit_code: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) city: String,
    pub(super) industry: String,
    /// Absent where the table does not say; then it follows from the revenue.
    pub(super) above_scale: Option<bool>,
    pub(super) status: Option<&'static str>,
    pub(super) successor: String,
    /// Yuan by year.
    pub(super) revenue: Vec<(i64, i64)>,
}

/// A value that does not hold.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) line: u32,
    /// Word of the column.
    pub(super) field: &'static str,
    pub(super) value: String,
    pub(super) why: Bilingual,
}

/// What a line came to: the entry, or what is wrong with it.
pub(super) type Checked = Result<Entry, Vec<Fault>>;

/// Why a file is no roster.
#[derive(Debug)]
pub(super) enum TableError {
    /// Neither CSV nor a workbook, or broken.
    Unreadable(String),
    /// Columns that are needed are missing.
    NoHead(Vec<&'static str>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Field(&'static str),
    /// Revenue of a year, in so many yuan.
    Revenue(i64, i64),
}

/// Headings as people write them, without blanks and brackets, in small letters.
const HEADINGS: [(&str, &[&str]); 8] = [
    (
        "credit_code",
        &[
            "统一社会信用代码",
            "社会信用代码",
            "信用代码",
            "creditcode",
            "unifiedsocialcreditcode",
            "uscc",
        ],
    ),
    ("name", &["企业名称", "单位名称", "名称", "公司名称", "name", "enterprise", "enterprisename"]),
    ("region", &["地区", "省份", "所在省份", "省", "所在地区", "省区市", "region", "province"]),
    ("city", &["城市", "地市", "所在城市", "市", "city"]),
    (
        "industry",
        &[
            "行业",
            "行业代码",
            "所属行业",
            "国民经济行业",
            "行业大类",
            "industry",
            "gb/t4754",
            "industrygb/t4754",
        ],
    ),
    (
        "above_scale",
        &["规上", "是否规上", "规上企业", "是否规上企业", "规模以上", "是否规模以上", "abovescale"],
    ),
    ("status", &["状态", "企业状态", "登记状态", "status"]),
    ("successor", &["承继企业", "承继企业信用代码", "successor"]),
];
const NEEDED: [&str; 4] = ["credit_code", "name", "region", "industry"];

fn column(heading: &str) -> Option<Column> {
    let lower = heading.to_lowercase().replace('_', "");
    let plain: String =
        lower.chars().filter(|c| !c.is_whitespace() && !"（）()【】[]*：:".contains(*c)).collect();
    if let Some((field, _)) = HEADINGS.iter().find(|(_, names)| names.contains(&plain.as_str())) {
        return Some(Column::Field(field));
    }
    if !["营业收入", "营收", "收入", "revenue"].iter().any(|w| plain.contains(w)) {
        return None;
    }
    let unit = match () {
        () if plain.contains("亿") => 100_000_000,
        // "10,000 yuan" has a digit more than a year; it is taken out before the year is looked for.
        () if plain.contains('万') || plain.contains("10,000") || plain.contains("10000") => {
            10_000
        }
        () => 1,
    };
    let rest = plain.replace("10,000", "").replace("10000", "");
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let year: i64 = digits.parse().ok()?;
    (2000..=2100).contains(&year).then_some(Column::Revenue(year, unit))
}

/// Checks lines against the catalogue and against each other.
struct Checker<'a> {
    lookup: Lookup,
    /// Regions that belong to the supervisor.
    mine: &'a dyn Fn(&str) -> bool,
    columns: Vec<Option<Column>>,
    /// Credit codes that stood already, and where.
    seen: HashMap<[u8; 18], u32>,
}

fn says(key: key::Key) -> Bilingual {
    Bilingual::message(key, &[])
}

impl Checker<'_> {
    fn head(&mut self, cells: &[String]) -> Result<(), TableError> {
        self.columns = cells.iter().take(COLUMNS).map(|c| column(c)).collect();
        let missing: Vec<&'static str> = NEEDED
            .into_iter()
            .filter(|field| !self.columns.contains(&Some(Column::Field(field))))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(TableError::NoHead(missing)) }
    }

    fn cell<'c>(&self, cells: &'c [String], field: &'static str) -> &'c str {
        let at = self.columns.iter().position(|c| *c == Some(Column::Field(field)));
        at.and_then(|at| cells.get(at)).map_or("", |c| c.trim())
    }

    fn line(&mut self, line: u32, cells: &[String]) -> Checked {
        let mut faults = Vec::new();
        let mut fault = |field, value: &str, why| {
            let value = value.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c });
            faults.push(Fault { line, field, value: value.collect(), why });
        };
        let text = self.cell(cells, "credit_code");
        let mut code = String::new();
        match credit_code(text) {
            Err(e) => fault("credit_code", text, e.message()),
            Ok(found) => {
                found.as_str().clone_into(&mut code);
                let mut bytes = [0; 18];
                bytes.copy_from_slice(code.as_bytes());
                if let Some(first) = self.seen.get(&bytes) {
                    let n = [("n", u64::from(*first).into())];
                    fault("credit_code", text, Bilingual::message(key::IMPORT_TWICE, &n));
                } else {
                    self.seen.insert(bytes, line);
                }
            }
        }
        let name = self.cell(cells, "name");
        let sound =
            |s: &str, most: usize| s.chars().count() <= most && !s.chars().any(char::is_control);
        if name.is_empty() || !sound(name, 100) {
            fault("name", name, says(key::IMPORT_BAD_NAME));
        }
        let text = self.cell(cells, "region");
        let region = self.lookup.region(text).unwrap_or_default();
        if region.is_empty() {
            fault("region", text, says(key::IMPORT_BAD_REGION));
        } else if !(self.mine)(region) {
            fault("region", text, says(key::IMPORT_FOREIGN));
        }
        let city = self.cell(cells, "city");
        if !sound(city, 60) {
            fault("city", city, says(key::IMPORT_BAD_NAME));
        }
        let text = self.cell(cells, "industry");
        let industry = self.lookup.industry(text).unwrap_or_default();
        if industry.is_empty() {
            fault("industry", text, says(key::IMPORT_BAD_INDUSTRY));
        }
        let text = self.cell(cells, "above_scale");
        let above_scale = yes(text);
        if above_scale.is_none() && !text.is_empty() {
            fault("above_scale", text, says(key::IMPORT_BAD_YES_NO));
        }
        let text = self.cell(cells, "status");
        let known = status(text);
        if known.is_none() {
            fault("status", text, says(key::IMPORT_BAD_STATUS));
        }
        let text = self.cell(cells, "successor");
        let mut successor = String::new();
        if !text.is_empty() {
            match credit_code(text) {
                Ok(found) => found.as_str().clone_into(&mut successor),
                Err(e) => fault("successor", text, e.message()),
            }
        }
        let mut revenue = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let (Some(Column::Revenue(year, unit)), Some(text)) = (column, cells.get(at)) else {
                continue;
            };
            let text = text.trim();
            match yuan(text, *unit) {
                _ if text.is_empty() => {}
                Some(yuan) => revenue.push((*year, yuan)),
                None => fault("revenue", text, says(key::IMPORT_BAD_NUMBER)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Entry {
            credit_code: code,
            name: name.to_owned(),
            region: region.to_owned(),
            city: city.to_owned(),
            industry: industry.to_owned(),
            above_scale,
            status: known.filter(|_| !self.cell(cells, "status").is_empty()),
            successor,
            revenue,
        })
    }
}

/// Reads a table; `each` gets every line in order and says whether to go on. Gives whether lines
/// were left unread because there are too many.
pub(super) fn read(
    file: File,
    catalog: &Catalog,
    mine: &dyn Fn(&str) -> bool,
    each: &mut dyn FnMut(u32, Checked) -> bool,
) -> Result<bool, TableError> {
    let mut checker =
        Checker { lookup: Lookup::new(catalog), mine, columns: Vec::new(), seen: HashMap::new() };
    let mut lines = 0;
    let mut head = true;
    let mut row = |line: u32, cells: &[String]| -> Result<bool, TableError> {
        if cells.iter().all(|c| c.trim().is_empty()) {
            return Ok(true);
        }
        if head {
            head = false;
            return checker.head(cells).map(|()| true);
        }
        lines += 1;
        if lines > LINES {
            return Ok(false);
        }
        Ok(each(line, checker.line(line, cells)))
    };
    let (mut file, unreadable) = (file, |e: io::Error| TableError::Unreadable(e.to_string()));
    let mut start = [0; 4];
    file.rewind().map_err(unreadable)?;
    let known = file.read(&mut start).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if start[..known].starts_with(b"PK") {
        workbook(file, &mut row)?;
    } else {
        csv(file, &mut row)?;
    }
    if head {
        return Err(TableError::NoHead(NEEDED.to_vec()));
    }
    Ok(lines > LINES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;
    use proptest::prelude::*;
    use std::io::Write;

    fn lines(bytes: &[u8]) -> Result<Vec<Checked>, TableError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut all = Vec::new();
        let catalog = Catalog::embedded().unwrap();
        read(file, &catalog, &|r| r != "110000", &mut |_, line| {
            all.push(line);
            true
        })?;
        Ok(all)
    }

    const TABLE: &str = "统一社会信用代码,企业名称,省份,行业,是否规上,2025年营业收入（万元）,revenue 2024\n\
        91440300708461136T,腾讯,深圳,C34,是,\"1,200.5\",7\n\
        91440300708461136T,腾讯,深圳,34,是,,\n\
        91330100799655058C,,北京,99,也许,-1,\n\
        914403001922038216,华为,广东,39,,,\n";

    #[test]
    fn each_line_holds_or_says_what_is_wrong() {
        let mark = [b"\xef\xbb\xbf", TABLE.as_bytes()].concat();
        let (gb, _, _) = GB18030.encode(TABLE);
        for bytes in [TABLE.as_bytes(), &mark, &gb] {
            let all = lines(bytes).unwrap();
            let first = all[0].as_ref().unwrap();
            assert_eq!(first.revenue, [(2025, 12_005_000), (2024, 7)]);
            assert_eq!((first.region.as_str(), first.industry.as_str()), ("440300", "34"));
            let fields = |at: usize| -> Vec<&str> {
                all[at].as_ref().unwrap_err().iter().map(|f| f.field).collect()
            };
            assert_eq!(fields(1), ["credit_code"], "twice");
            let wrong = ["credit_code", "name", "region", "industry", "above_scale", "revenue"];
            assert_eq!(fields(2), wrong);
            assert_eq!(all[3].as_ref().unwrap().above_scale, None);
        }
        assert!(matches!(lines(b"a,b\n1,2\n"), Err(TableError::NoHead(m)) if m.len() == 4));
        assert!(lines(b"PK\x03\x04nonsense").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_make_it_panic(
            head in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let start = if head { TABLE.as_bytes() } else { b"PK" };
            let _ = lines(&[start, &bytes].concat());
        }
    }
}
