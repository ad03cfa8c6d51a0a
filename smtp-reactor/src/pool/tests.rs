use std::sync::mpsc;

use super::*;

#[test]
fn a_task_that_panics_ends_alone() {
    let (tell, told) = mpsc::channel();
    for number in 0..10 {
        let tell = tell.clone();
        spawn(async move {
            assert!(number % 3 > 0, "as asked");
            tell.send(number).unwrap();
        });
    }
    drop(tell);
    let mut done: Vec<_> = told.iter().collect();
    done.sort_unstable();
    assert_eq!(done, [1, 2, 4, 5, 7, 8]);
}
