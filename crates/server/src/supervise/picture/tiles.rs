//! Where each region stands in the tile grid: one tile each, all of one size, roughly where the
//! region lies. No borders are drawn.

/// Code of a region, column, row.
pub(super) const TILES: [(&str, u8, u8); 37] = [
    ("230000", 9, 0),
    ("150000", 6, 1),
    ("110000", 7, 1),
    ("210000", 8, 1),
    ("220000", 9, 1),
    ("660000", 0, 1),
    ("650000", 0, 2),
    ("620000", 3, 2),
    ("640000", 4, 2),
    ("140000", 6, 2),
    ("130000", 7, 2),
    ("120000", 8, 2),
    ("210200", 9, 2),
    ("630000", 3, 3),
    ("610000", 5, 3),
    ("410000", 6, 3),
    ("370000", 7, 3),
    ("370200", 8, 3),
    ("540000", 1, 4),
    ("510000", 4, 4),
    ("500000", 5, 4),
    ("420000", 6, 4),
    ("340000", 7, 4),
    ("320000", 8, 4),
    ("310000", 9, 4),
    ("530000", 4, 5),
    ("520000", 5, 5),
    ("430000", 6, 5),
    ("360000", 7, 5),
    ("330000", 8, 5),
    ("330200", 9, 5),
    ("450000", 5, 6),
    ("440000", 6, 6),
    ("440300", 7, 6),
    ("350000", 8, 6),
    ("350200", 9, 6),
    ("460000", 5, 7),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_region_has_a_place_of_its_own() {
        let catalog = hangtu_catalog::Catalog::embedded().unwrap();
        let codes: HashSet<&str> = TILES.iter().map(|t| t.0).collect();
        assert!(catalog.regions.iter().all(|r| codes.contains(r.code.as_str())));
        let places: HashSet<(u8, u8)> = TILES.iter().map(|t| (t.1, t.2)).collect();
        assert_eq!((codes.len(), places.len()), (TILES.len(), TILES.len()));
    }
}
