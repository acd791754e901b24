//! Training: exams drawn fairly, person-times counted honestly, credentials that anybody can verify,
//! and the exchange formats of other learning systems.
