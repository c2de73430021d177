"""Names and addresses of people who do not exist, in numbers that belong to nobody."""

from random import Random

GIRLS = (
    "Aisha Amelia Ava Beatrice Bethany Caitlin Chloe Daisy Eleanor Elsie Emily Erin Evie Fatima "
    "Florence Freya Grace Hannah Holly Imogen Isla Ivy Jasmine Jessica Kezia Lily Lola Lucy Maisie "
    "Matilda Maya Mia Millie Niamh Nancy Olivia Orla Phoebe Poppy Priya Robyn Rosie Ruby Scarlett "
    "Sienna Sofia Sophie Summer Tilly Violet Willow Zara"
).split()
BOYS = (
    "Adam Alfie Arjun Archie Arlo Arthur Ben Blake Callum Caleb Charlie Connor Daniel Dylan Edward "
    "Elijah Ethan Felix Finley Frankie Freddie George Hamza Harry Harvey Henry Hugo Ibrahim Isaac "
    "Jack Jacob Jayden Joel Joseph Joshua Jude Kai Leo Liam Logan Louis Luca Lucas Mason Max Noah "
    "Oliver Oscar Owen Ralph Reuben Riley Rory Ryan Samuel Sebastian Stanley Teddy Theo Thomas "
    "Toby Tyler William Yusuf Zac"
).split()
WOMEN = (
    "Alison Amanda Anita Claire Danielle Deborah Emma Farah Gemma Helen Jane Joanne Kate Kelly "
    "Laura Leanne Lisa Louise Michelle Natalie Nicola Rachel Rebecca Samina Sarah Sharon Stacey "
    "Sunita Tracey Vicky"
).split()
MEN = (
    "Andrew Ahmed Anthony Brian Chris Craig Darren David Gareth Gary Ian Imran James Jason John "
    "Karl Kevin Lee Mark Martin Matthew Michael Neil Paul Peter Rajesh Richard Robert Simon Steven"
).split()
FAMILIES = (
    "Ainsworth Ali Armitage Ashton Bannister Barlow Begum Bentley Birch Booth Bradshaw Brennan "
    "Briggs Cartwright Chadwick Clegg Collins Cooper Crompton Dawson Delaney Dixon Doyle Eastwood "
    "Entwistle Fairhurst Farrell Fitton Fletcher Gallagher Garside Gorton Greenhalgh Grimshaw "
    "Haigh Hargreaves Harrop Haworth Heaton Higson Holden Holt Horrocks Howarth Hussain Hulme "
    "Jackson Kaur Kavanagh Kelsall Kenyon Khan Kowalski Leigh Lomax Lord Mather McCann Mellor "
    "Morris Nuttall Okafor Ogden Openshaw Parkinson Patel Pemberton Pilkington Pollard Quinn "
    "Rawlinson Redfern Rigby Rothwell Royle Schofield Seddon Shaw Singh Smethurst Stott Sutcliffe "
    "Tattersall Taylor Thornton Tonge Travis Unsworth Walmsley Walsh Wardle Warburton Whalley "
    "Whittaker Wilkinson Winstanley Wolstenholme Yates"
).split()
# The made-up streets that the sandbox's address search knows.
STREETS = [
    ("Sandpiper Road", "M41 0AA", 79),
    ("Larkspur Lane", "M41 0AB", 64),
    ("Old Orchard Close", "M41 0AF", 24),
    ("Kingfisher Drive", "M41 0AG", 120),
    ("Copperbeech Road", "M41 0AJ", 88),
    ("Heronsgate Walk", "M41 0AL", 36),
    ("Weavers Fold", "M41 0AP", 52),
    ("Towpath Terrace", "M41 0AQ", 31),
    ("Cricketfield Road", "M41 0AR", 150),
]
ILLNESSES = [
    "Mild asthma; carries a blue inhaler and knows how to use it.",
    "Allergic to nuts; has an EpiPen in the kit bag.",
    "Hay fever in early summer; takes an antihistamine in the morning.",
    "Wears glasses; sports glasses for matches.",
]
ELSEWHERE = ["Sale Meadow Juniors", "Barton Bridge Rovers", "Stretford Lock FC", "Davy Park Colts"]


def address(dice: Random) -> dict[str, str]:
    """The fields of an address, on one of the sandbox's streets."""
    street, postcode, houses = dice.choice(STREETS)
    number = str(dice.randint(1, houses))
    return {
        "house_number": number,
        "address_line_1": f"{number} {street}",
        "town": "Urmston",
        "city": "Manchester",
        "postcode": postcode,
        "full_address": f"{number} {street}, Urmston, Manchester, {postcode}",
    }
