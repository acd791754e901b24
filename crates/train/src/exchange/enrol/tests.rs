use super::*;
use crate::{exchange::Limits, fixture};
use hangtu_catalog::{Language, course::Role};
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;

const LIMITS: Limits = Limits { bytes: 8 << 20, files: 100 };
const CSV: &str = "工号,姓名,邮箱,角色,课程\n\
    0017,王工,wang@plant.example,风险评估人员；key_post,\n\
    18,李工,,,demo\n\
    18,赵工,zhao,First responsible person、老板,nothing\n\
    ,,x@y.example,,\n\
    \n\
    19,\"钱\n工\",,,Demo\n";

fn check(bytes: &[u8]) -> Enrolments {
    let catalog = fixture::catalog();
    let courses = fixture::courses();
    let table = read_table(bytes, LIMITS, 100).unwrap();
    enrolments(&table, &Known { catalog, courses: &courses })
}

#[test]
fn good_rows_are_taken_and_each_bad_cell_is_named() {
    let all = check(CSV.as_bytes());
    let rows: Vec<(u32, &str, &str)> =
        all.good.iter().map(|e| (e.row, e.number.as_str(), e.name.as_str())).collect();
    assert_eq!(rows, [(2, "0017", "王工"), (3, "18", "李工"), (7, "19", "钱 工")]);
    assert_eq!(all.good[0].roles, [Role::KeyPost, Role::Assessor]);
    assert_eq!(all.good[0].courses, ["demo"]);
    assert_eq!(all.good[2].courses, ["demo"]);
    let error = |row, column, why| RowError { row, column, why };
    assert_eq!(
        all.errors,
        [
            error(4, Column::Number, Why::Twice(3)),
            error(4, Column::Email, Why::Address),
            error(4, Column::Roles, Why::Role("老板".into())),
            error(4, Column::Courses, Why::Course("nothing".into())),
            error(5, Column::Number, Why::Missing),
            error(5, Column::Name, Why::Missing),
        ]
    );
    // The same from a spreadsheet's GB 18030, and with tabs.
    let (gb, _, _) = encoding_rs::GB18030.encode(CSV);
    assert_eq!(check(&gb), all);
    assert_eq!(check(CSV.replace(',', "\t").as_bytes()), all);
    assert_eq!(
        check("姓名,x\n王工,1\n".as_bytes()).errors,
        [error(1, Column::Number, Why::NoColumn)]
    );
}

#[test]
fn workbooks_are_read_and_reports_written() {
    let template = write_template(Language::Chinese).unwrap();
    assert_eq!(check(&template), Enrolments::default());
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (text, n) in ["Name", "Staff number", "Roles"].into_iter().zip(0..) {
        sheet.write_string(0, n, text).unwrap();
    }
    sheet.write_string(2, 0, "Wang").unwrap();
    sheet.write_number(2, 1, 17).unwrap();
    sheet.write_string(2, 2, "assessor").unwrap();
    // A cell far away does not make a table of that size.
    sheet.write_string(1_048_000, 16_000, "x").unwrap();
    let all = check(&book.save_to_buffer().unwrap());
    assert_eq!((all.good[0].row, all.good[0].number.as_str()), (3, "17"));
    assert_eq!(all.good[0].courses, ["demo"]);

    let bad = check(CSV.as_bytes());
    for language in Language::ALL {
        let report = read_table(&write_report(&bad, language).unwrap(), LIMITS, 100).unwrap();
        assert_eq!(report.rows.len(), 7);
        assert!(report.rows[3].1[2].contains("老板"));
    }
    assert_eq!(read_table(b"", LIMITS, 9), Err(TableError::Empty));
    assert_eq!(
        read_table(b"PK\x03\x04", LIMITS, 9).unwrap_err().to_string(),
        "it is no zip archive, or a broken one"
    );
    assert_eq!(read_table(b"a\nb\nc\n", LIMITS, 2), Err(TableError::TooMany(2)));
    assert_eq!(read_table(&[0xd0, 0xcf, 0x11, 0xe0, 1], LIMITS, 2), Err(TableError::Form));
    let long = format!("a\n{}\n", "x".repeat(5000));
    assert_eq!(read_table(long.as_bytes(), LIMITS, 9), Err(TableError::TooLong(2)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn mutated_lists_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut csv = CSV.as_bytes().to_vec();
        let mut book = write_template(Language::English).unwrap();
        for (at, byte) in &changes {
            let n = at.index(csv.len());
            csv[n] = *byte;
            let n = at.index(book.len());
            book[n] = *byte;
        }
        if let Ok(table) = read_table(&csv, LIMITS, 100) {
            let catalog = fixture::catalog();
            let all = enrolments(&table, &Known { catalog, courses: &[] });
            prop_assert!(all.good.len() + all.errors.len() <= table.rows.len() * 8);
        }
        let _ = read_table(&book, LIMITS, 100);
    }
}
