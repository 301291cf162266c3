//! Colours and ids of data sets, and of tables as people write them.

use super::*;

#[test]
fn colours_of_voc() {
    let known =
        [(0, [0, 0, 0]), (1, [128, 0, 0]), (7, [128, 128, 128]), (15, [192, 128, 128]), (20, [0, 64, 128])];
    for (id, colour) in known {
        assert_eq!(voc(id), colour);
        assert_eq!(Colours::new("voc").unwrap().id(colour).unwrap(), u16::from(id));
    }
}

/// As CamVid and others write them: without ids, which are counted, and with names.
#[test]
fn tables_of_data_sets() {
    for text in
        ["64 128 64\tAnimal\n192 0 128\tArchway\n", "name,r,g,b\nAnimal,64,128,64\nArchway, 192, 0, 128\n"]
    {
        let colours = Colours::of_table("camvid", text).unwrap();
        assert_eq!(
            (colours.id([64, 128, 64]).unwrap(), colours.id([192, 0, 128]).unwrap()),
            (0, 1),
            "{text}"
        );
    }
}

/// A heading says which column is which.
#[test]
fn columns_are_those_of_the_heading() {
    for text in [
        "id,b,g,r\n0,0,0,0\n1,0,0,255\n2,255,0,0\n",
        "R;G;B;ID\n0;0;0;0\n255;0;0;1\n0;0;255;2\n",
        "name,blue,green,red,id\nfloor 7,0,0,0,0\nroof,0,0,255,1\nwall,255,0,0,2\n",
        "id,red,green,blue\n0,0,0,0\n1,255,0,0\n2,0,0,255\n",
    ] {
        let colours = Colours::of_table("table", text).unwrap();
        let ids = [[0; 3], [255, 0, 0], [0, 0, 255]].map(|colour| colours.id(colour).unwrap());
        assert_eq!(ids, [0, 1, 2], "{text}");
    }
    let counted = Colours::of_table("table", "b,g,r\n9,5,1\n").unwrap();
    assert_eq!((counted.id([1, 5, 9]).unwrap(), counted.counted().is_some()), (0, true));
    for text in ["to,from\n5,1\n6,2\n", "from,to\n1,5\n2,6\n", "x,y\n1,5\n2,6\n", "1 5\n2 6\n"] {
        let map = IdMap::of_table("table", text).unwrap();
        assert_eq!([1, 2].map(|id| map.id(id).unwrap()), [5, 6], "{text}");
    }
}

#[test]
fn what_is_trained_of_cityscapes() {
    let map = IdMap::new("cityscapes").unwrap();
    for (from, to) in [(0, 255), (6, 255), (7, 0), (8, 1), (11, 2), (26, 13), (28, 15), (31, 16), (33, 18)] {
        assert_eq!(map.id(from).unwrap(), to, "{from}");
    }
    assert!(map.id(34).unwrap_err().to_string().contains("found id 34"));
}
