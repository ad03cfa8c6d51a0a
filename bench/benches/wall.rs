//! The time and the allocations of the cases. `cargo bench`, or `cargo bench -- unstuff` for some.

use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use smtp_bench::{Case, cases};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(args = cases())]
fn all(bencher: Bencher<'_, '_>, case: Case) {
    let mut round = (case.start)();
    let units = round();
    bencher.counter(ItemsCount::new(units)).bench_local(round);
}
