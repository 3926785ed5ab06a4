from dense_grasp_bench.bench_page import DEMANDED, figures_of, meets, table
from dense_grasp_bench.bench_stop import Stop


def figures(latencies=(50.0, 60.0, 70.0), idle=0.5, viewed=10.0, command=0.02):
    return figures_of(
        latencies, idle, viewed, [Stop("button", 1, 0.5, command, 0.2), Stop("button", 2, 0.5, 0.01, 0.1)]
    )


def test_every_figure_counts():
    assert list(figures().values()) == [60.0, 69.0, 0.5, 10.0, 20.0, 200.0]
    assert meets(figures())
    assert not meets(figures(latencies=[101.0] * 3))
    assert not meets(figures(idle=2.1))
    assert not meets(figures(viewed=26.0))
    assert not meets(figures(command=0.11))


def test_the_table_names_figure_and_demand():
    text = table(figures())
    assert all(name in text for name in DEMANDED) and "60.0  100" in text
