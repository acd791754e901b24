//! Setting up and operating the instance.

mod set_up;

pub(crate) use set_up::{Organisation, SetUp, SetUpCode, hosted, is_set_up, region, set_up};

use crate::route::Routes;

pub(crate) fn routes(r: &mut Routes) {
    set_up::routes(r);
}
