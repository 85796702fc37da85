//! Figures in columns, and what is said of many of them.

use anyhow::Result;

use crate::machine;

/// A table as Markdown has them: figures are copied into documents. Each row is printed as soon as
/// it is there, so that nothing measured is lost when something later fails.
pub(crate) struct Table {
    columns: usize,
}

impl Table {
    /// Prints the title, the machine's load before anything is measured, and the names of the columns.
    pub(crate) fn begin(title: &str, head: &[&str]) -> Result<Table> {
        println!("## {title} (load before: {})\n", machine::load()?);
        println!("| {} |", head.join(" | "));
        println!("|{}", "---|".repeat(head.len()));
        Ok(Table {
            columns: head.len(),
        })
    }

    /// Prints a row.
    pub(crate) fn row(&self, cells: &[String]) {
        debug_assert_eq!(cells.len(), self.columns, "{cells:?}");
        println!("| {} |", cells.join(" | "));
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        println!();
    }
}

/// Values in order, of which there is at least one.
#[derive(Debug)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    /// `None` for no values at all.
    pub(crate) fn new(mut values: Vec<f64>) -> Option<Sorted> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Sorted(values))
    }

    /// The value below which this part of all values lies: 0.5 is the median.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (part * last as f64).round() as usize;
        self.0.get(place.min(last)).copied().unwrap_or(f64::NAN)
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Least, median, 95th of 100 and greatest, as cells of a table.
    pub(crate) fn cells(&self) -> Vec<String> {
        [0.0, 0.5, 0.95, 1.0]
            .map(|part| format!("{:.1}", self.quantile(part)))
            .to_vec()
    }
}
