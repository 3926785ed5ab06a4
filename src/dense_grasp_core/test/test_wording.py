from dense_grasp_core.wording import counted, some_of


def test_a_long_list_says_how_many_it_leaves_out():
    assert some_of("abc", 3) == "a, b, c"
    assert some_of((name for name in "abcde"), 3) == "a, b, c and 2 more"
    assert some_of([]) == ""


def test_one_is_no_plural():
    assert [counted(number, "keypoint") for number in (0, 1, 2)] == ["0 keypoints", "1 keypoint", "2 keypoints"]
