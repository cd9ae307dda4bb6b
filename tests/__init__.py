"""The tests; a package, so that its folders share `conftest.chosen_backends`."""
