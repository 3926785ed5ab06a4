from dense_grasp_bench.bench_stop import Stop, figures_of, meets, table


def stops(command: float = 0.02, rest: float = 0.12) -> list[Stop]:
    return [Stop(how, seed, 0.5, command, rest) for how in ("cancel", "kill") for seed in range(3)]


def test_every_trial_counts():
    figures = figures_of(stops())
    assert meets(figures)
    assert figures["kill"]["rest"] == {"median_s": 0.12, "max_s": 0.12, "n": 3}
    assert not meets(figures_of([*stops(), Stop("kill", 9, 0.5, 0.11, 0.12)]))
    assert not meets(figures_of([*stops(), Stop("cancel", 9, 0.5, 0.02, 0.31)]))


def test_the_table_names_figure_and_demand():
    text = table(figures_of(stops()))
    assert "cancel -> stop command" in text and "20 ms" in text and "100 ms" in text
    assert "kill -> rest" in text and "120 ms" in text and "300 ms" in text
    assert "stop command after   20 ms | at rest after  120 ms" in stops()[0].line()
