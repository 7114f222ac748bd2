"""All rules of the analyzer, by code: one file each.

`SM1xx` are about single cells (they belong to the notebook room), `SM2xx` are doubts and notes,
`SM3xx` refuse the pipeline. A rule's file has its texts and examples (`RULE`), where its diagnostics
can be told from an analysed notebook also the check that finds them (`check`), and where a machine
can do what the hint says, how (`fixes`). The others are found while the notebook is interpreted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from stepmill.analysis.rules import (
    after_itself,
    after_unknown_step,
    cache_looked_into,
    cache_out_of_date,
    calls_without_end,
    changed_after_taken,
    changed_definition,
    class_from_data,
    computed_parameter,
    edge_in_doubt,
    empty_step,
    file_from_untagged_code,
    generator_of_a_library,
    hidden_code,
    idle_ignore,
    name_without_value,
    names_at_run_time,
    no_steps,
    own_module_once,
    parameter_set_twice,
    process_state_seen_changing,
    runs_each_time,
    session_history,
    setting_in_between,
    shared_memory,
    steps_need_each_other,
    text_that_may_name_variables,
    two_values_of_one_name,
    unknown_input_or_output,
    unknown_magic,
    unreadable_star_import,
    unrepeatable_process_state,
    unseeded_random_numbers,
    unstorable_value,
    untagged_code_in_between,
    untagged_code_may_change,
    untagged_code_runs_once,
)

if TYPE_CHECKING:
    from stepmill.model.rule import Rule


class RuleModule(Protocol):
    """What a rule's file has at least."""

    RULE: Rule


MODULES = cast(
    "tuple[RuleModule, ...]",
    (
        name_without_value,
        untagged_code_runs_once,
        unseeded_random_numbers,
        runs_each_time,
        untagged_code_may_change,
        edge_in_doubt,
        idle_ignore,
        unknown_magic,
        text_that_may_name_variables,
        changed_after_taken,
        two_values_of_one_name,
        untagged_code_in_between,
        file_from_untagged_code,
        steps_need_each_other,
        after_unknown_step,
        after_itself,
        no_steps,
        empty_step,
        changed_definition,
        cache_out_of_date,
        cache_looked_into,
        class_from_data,
        unrepeatable_process_state,
        process_state_seen_changing,
        setting_in_between,
        own_module_once,
        session_history,
        names_at_run_time,
        unreadable_star_import,
        hidden_code,
        calls_without_end,
        unstorable_value,
        shared_memory,
        generator_of_a_library,
        computed_parameter,
        unknown_input_or_output,
        parameter_set_twice,
    ),
)
RULES = {module.RULE.code: module.RULE for module in MODULES}
