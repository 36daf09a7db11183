"""The three signature pictures as inline SVG, pure functions of a plan or a case: merge, map, before and after."""
