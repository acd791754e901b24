//! The supervising side: who is supervised, what they submitted, the picture made of it.

mod facts;
mod home;

#[allow(unused_imports, reason = "the package of a submission is made of it")]
pub(crate) use facts::Facts;

use crate::route::Routes;

pub(crate) fn routes(r: &mut Routes) {
    home::routes(r);
}
