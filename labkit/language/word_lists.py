"""The word lists of the ten association tests of Caliskan, Bryson and Narayanan (2017), from their supplement.

A test is two sets of targets and two sets of attributes. Names that the authors left out (too rare in the texts behind
their word vectors, with as many dropped from the other set) are left out here too. The names represent groups as the
authors of studies in 1998 and 2004 saw them, in one country; nobody with such a name was asked.
"""

FLOWERS = (
    "aster clover hyacinth marigold poppy azalea crocus iris orchid rose daffodil lilac pansy tulip buttercup daisy "
    "lily peony violet carnation gladiola magnolia petunia bluebell zinnia"
).split()


INSECTS = (
    "ant caterpillar flea locust spider bedbug centipede fly maggot tarantula bee cockroach gnat mosquito termite "
    "beetle cricket hornet moth wasp blackfly dragonfly horsefly roach weevil"
).split()


INSTRUMENTS = (
    "bagpipe cello guitar lute trombone banjo clarinet harmonica mandolin trumpet bassoon drum harp oboe tuba bell "
    "fiddle harpsichord piano viola bongo flute horn saxophone violin"
).split()


WEAPONS = (
    "arrow club gun missile spear axe dagger harpoon pistol sword blade dynamite hatchet rifle tank bomb firearm knife "
    "shotgun teargas cannon grenade mace slingshot whip"
).split()


PLEASANT = (
    "caress freedom health love peace cheer friend heaven loyal pleasure diamond gentle honest lucky rainbow diploma "
    "gift honor miracle sunrise family happy laughter paradise vacation"
).split()


UNPLEASANT = (
    "abuse crash filth murder sickness accident death grief poison stink assault disaster hatred pollute tragedy "
    "divorce jail poverty ugly cancer kill rotten vomit agony prison"
).split()


# With the names of Greenwald, McGhee and Schwartz (1998) and those of 2004 the authors used this list, ...
UNPLEASANT_WITH_NAMES = (
    "abuse crash filth murder sickness accident death grief poison stink assault disaster hatred pollute tragedy bomb "
    "divorce jail poverty ugly cancer evil kill rotten vomit"
).split()


# ... and these two short ones in two other tests.
PLEASANT_SHORT = "joy love peace wonderful pleasure friend laughter happy".split()


UNPLEASANT_SHORT = "agony terrible horrible nasty evil war awful failure".split()


EUROPEAN_AMERICAN_NAMES = (
    "Adam Harry Josh Roger Alan Frank Justin Ryan Andrew Jack Matthew Stephen Brad Greg Paul Jonathan Peter Amanda "
    "Courtney Heather Melanie Katie Betsy Kristin Nancy Stephanie Ellen Lauren Colleen Emily Megan Rachel"
).split()


AFRICAN_AMERICAN_NAMES = (
    "Alonzo Jamel Theo Alphonse Jerome Leroy Torrance Darnell Lamar Lionel Tyree Deion Lamont Malik Terrence Tyrone "
    "Lavon Marcellus Wardell Nichelle Shereen Ebony Latisha Shaniqua Jasmine Tanisha Tia Lakisha Latoya Yolanda Malika "
    "Yvette"
).split()


# Names of the audit study of Bertrand and Mullainathan (2004).
EUROPEAN_AMERICAN_NAMES_OF_THE_AUDIT = (
    "Brad Brendan Geoffrey Greg Brett Matthew Neil Todd Allison Anne Carrie Emily Jill Laurie Meredith Sarah"
).split()


AFRICAN_AMERICAN_NAMES_OF_THE_AUDIT = (
    "Darnell Hakim Jermaine Kareem Jamal Leroy Rasheed Tyrone Aisha Ebony Keisha Kenya Lakisha Latoya Tamika Tanisha"
).split()


MALE_NAMES = "John Paul Mike Kevin Steve Greg Jeff Bill".split()


FEMALE_NAMES = "Amy Joan Lisa Sarah Diana Kate Ann Donna".split()


YOUNG_NAMES = "Tiffany Michelle Cindy Kristy Brad Eric Joey Billy".split()


OLD_NAMES = "Ethel Bernice Gertrude Agnes Cecil Wilbert Mortimer Edgar".split()


CAREER = "executive management professional corporation salary office business career".split()


FAMILY = "home parents children family cousins marriage wedding relatives".split()


MATHEMATICS = "math algebra geometry calculus equations computation numbers addition".split()


SCIENCE = "science technology physics chemistry Einstein NASA experiment astronomy".split()


ARTS = "poetry art dance literature novel symphony drama sculpture".split()


ARTS_AND_SHAKESPEARE = "poetry art Shakespeare dance literature novel symphony drama".split()


MALE_TERMS = "male man boy brother he him his son".split()


FEMALE_TERMS = "female woman girl sister she her hers daughter".split()


MALE_KIN = "brother father uncle grandfather son he his him".split()


FEMALE_KIN = "sister mother aunt grandmother daughter she hers her".split()


MENTAL_ILLNESS = "sad hopeless gloomy tearful miserable depressed".split()


PHYSICAL_ILLNESS = "sick illness influenza disease virus cancer".split()


TEMPORARY = "impermanent unstable variable fleeting short-term brief occasional".split()


PERMANENT = "stable always constant persistent chronic prolonged forever".split()


# Tests 1, 6, 7 and 8 of the paper.
WEAT_TESTS = {
    "flowers/insects, pleasant/unpleasant": (FLOWERS, INSECTS, PLEASANT, UNPLEASANT),
    "male/female names, career/family": (MALE_NAMES, FEMALE_NAMES, CAREER, FAMILY),
    "mathematics/arts, male/female terms": (MATHEMATICS, ARTS, MALE_TERMS, FEMALE_TERMS),
    "science/arts, male/female terms": (SCIENCE, ARTS_AND_SHAKESPEARE, MALE_KIN, FEMALE_KIN),
}


# Tests 2, 3, 4, 5, 9 and 10.
MORE_TESTS = {
    "instruments/weapons, pleasant/unpleasant": (INSTRUMENTS, WEAPONS, PLEASANT, UNPLEASANT),
    "European/African American names of 1998, pleasant/unpleasant": (
        EUROPEAN_AMERICAN_NAMES,
        AFRICAN_AMERICAN_NAMES,
        PLEASANT,
        UNPLEASANT_WITH_NAMES,
    ),
    "European/African American names of 2004, pleasant/unpleasant": (
        EUROPEAN_AMERICAN_NAMES_OF_THE_AUDIT,
        AFRICAN_AMERICAN_NAMES_OF_THE_AUDIT,
        PLEASANT,
        UNPLEASANT_WITH_NAMES,
    ),
    "European/African American names of 2004, pleasant/unpleasant (short)": (
        EUROPEAN_AMERICAN_NAMES_OF_THE_AUDIT,
        AFRICAN_AMERICAN_NAMES_OF_THE_AUDIT,
        PLEASANT_SHORT,
        UNPLEASANT_SHORT,
    ),
    "mental/physical illness, temporary/permanent": (MENTAL_ILLNESS, PHYSICAL_ILLNESS, TEMPORARY, PERMANENT),
    "young/old people's names, pleasant/unpleasant (short)": (
        YOUNG_NAMES,
        OLD_NAMES,
        PLEASANT_SHORT,
        UNPLEASANT_SHORT,
    ),
}
