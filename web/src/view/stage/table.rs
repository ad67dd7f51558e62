//! The matrix as a table that only screen readers see: rows are partitions, columns are brokers.

use super::describe;
use super::sheet::Sheet;
use crate::view::props::Same;
use kraftscope_core::view::ClusterView;
use yew::prelude::*;

/// The whole cluster.
#[derive(Clone, Debug, Properties)]
pub(super) struct TableProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
}

impl PartialEq for TableProps {
    fn eq(&self, other: &TableProps) -> bool {
        self.sheet == other.sheet
            && self.view.brokers == other.view.brokers
            && self.view.partitions == other.view.partitions
    }
}

/// The table.
#[component]
pub(super) fn Table(props: &TableProps) -> Html {
    let (sheet, view) = (&props.sheet, &props.view);
    let cell = |partition: &kraftscope_core::view::PartitionView, broker| {
        let copy = partition.copies.iter().find(|copy| copy.broker == broker);
        html! { <td>{ copy.map(|copy| describe::replica(sheet, partition, copy)).unwrap_or_default() }</td> }
    };
    html! {
        <table class="hidden-words">
            <caption>{ sheet.say("table") }</caption>
            <thead>
                <tr>
                    <td></td>
                    { for view.brokers.iter().map(|broker| html! { <th scope="col">{ describe::broker(sheet, broker, view.mode) }</th> }) }
                </tr>
            </thead>
            <tbody>
                { for view.partitions.iter().map(|partition| html! {
                    <tr>
                        <th scope="row">{ describe::partition(sheet, partition) }</th>
                        { for view.brokers.iter().map(|broker| cell(partition, broker.id)) }
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
