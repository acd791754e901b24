//! Setting up and operating the instance.

mod below;
mod set_up;

pub(crate) use below::parent;
pub(crate) use set_up::{Organisation, SetUp, SetUpCode, hosted, is_set_up, region, set_up};

use crate::route::Routes;

pub(crate) fn routes(r: &mut Routes) {
    set_up::routes(r);
    below::routes(r);
}
