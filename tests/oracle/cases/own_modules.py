"""Modules beside the notebook that do more than define, when they are imported or called."""

from __future__ import annotations

from oracle.case import Category

own = Category("own module")
add = own.add

SEEDY = "import random\nimport numpy as np\nrandom.seed(3)\nnp.random.seed(3)\n"
OPTIONS = "import pandas as pd\npd.set_option('display.max_rows', 11)\n"
UTILS = "import random\ndef set_seed(n):\n    random.seed(n)\ndef noise():\n    return random.random()\n"
TWO_STEPS = """
{0}
---
%%step a
import random
import numpy as np
x = random.random() + np.random.rand()
---
%%step b
{1}
print(x, random.random(), np.random.rand())
"""

# -- seeds and draws -------------------------------------------------------------------------------------

add(
    "seeds-at-import-untagged",
    TWO_STEPS.format("import seedy", "import random, numpy as np"),
    files={"seedy.py": SEEDY},
)
add(
    "seeds-at-import-in-a-step-and-again",
    """
%%step a
import seedy, random
x = random.random()
---
%%step b
import seedy
print(x, random.random())
""",
    files={"seedy.py": SEEDY},
    why="the second import does nothing in Run All",
)
add(
    "seeds-at-import-below-a-seed-of-the-notebook",
    """
import random
random.seed(1)
---
%%step a
x = random.random()
import seedy
---
%%step b
y = random.random()
---
%%step c
import seedy
print(x, y, random.random())
""",
    files={"seedy.py": SEEDY},
)
add(
    "seeds-of-a-module-that-a-module-imports",
    TWO_STEPS.format("from front import f", "import seedy, random, numpy as np"),
    files={"seedy.py": SEEDY, "front.py": "import seedy\ndef f():\n    return 1\n"},
)
add(
    "seeds-in-a-circle-of-modules",
    TWO_STEPS.format("import one", "import two, random, numpy as np"),
    files={"one.py": "import two\n" + SEEDY, "two.py": "import one\nK = 1\n"},
)
add(
    "seeds-of-a-package-by-relative-import",
    TWO_STEPS.format("from pkg.sub import K", "from pkg import seedy\nimport random, numpy as np"),
    files={
        "pkg/__init__.py": "from . import seedy\n",
        "pkg/seedy.py": SEEDY,
        "pkg/sub.py": "from .seedy import np\nK = 2\n",
    },
)
add(
    "seeds-by-star-import",
    TWO_STEPS.format("from seedy import *", "import random, numpy as np"),
    files={"seedy.py": SEEDY},
)
add(
    "seeds-under-main-only",
    """
import script
---
%%step a
import random
x = script.K
---
%%step b
print(x + script.K)
""",
    files={"script.py": "import random, time\nK = 1\nif __name__ == '__main__':\n    print(time.time())\n"},
)
add(
    "seeds-by-a-function-at-import",
    TWO_STEPS.format("import config", "import random, numpy as np"),
    files={
        "config.py": "from seeds import apply\napply()\n",
        "seeds.py": "def apply():\n    import seedy\n",
        "seedy.py": SEEDY,
    },
)
add(
    "draws-at-import-after-its-own-seed",
    """
%%step a
import drawn
x = drawn.NOISE
---
%%step b
import drawn
import numpy as np
print(x == drawn.NOISE, np.random.rand())
""",
    files={"drawn.py": "import numpy as np\nnp.random.seed(5)\nNOISE = np.random.rand()\n"},
)
add(
    "draws-at-import-in-one-step",
    """
import random
random.seed(1)
---
%%step a
import drawn
x = drawn.NOISE
---
%%step b
print(x, random.random())
""",
    files={"drawn.py": "import random\nNOISE = random.random()\n"},
)
add(
    "draws-at-import-untagged",
    """
import random
random.seed(1)
import drawn
---
%%step a
x = drawn.NOISE
---
%%step b
print(x, random.random())
""",
    "refused",
    files={"drawn.py": "import random\nNOISE = random.random()\n"},
)
add(
    "draws-at-import-in-two-steps",
    """
import random
random.seed(1)
---
%%step a
import drawn
x = drawn.NOISE
---
%%step b
import drawn
print(x == drawn.NOISE, random.random())
""",
    "refused",
    files={"drawn.py": "import random\nNOISE = random.random()\n"},
)
add(
    "function-that-seeds-untagged",
    TWO_STEPS.format("import utils\nutils.set_seed(42)", "import random, numpy as np")
    .replace("+ np.random.rand()", "")
    .replace(", np.random.rand()", ""),
    files={"utils.py": UTILS},
)
add(
    "function-that-seeds-in-a-step",
    """
%%step a
from utils import set_seed
set_seed(42)
---
%%step b
import random
print(random.random())
""",
    files={"utils.py": UTILS},
)
add(
    "function-that-draws",
    """
import random
random.seed(4)
from utils import noise
---
%%step a
x = noise()
---
%%step b
print(x, random.random(), noise())
""",
    files={"utils.py": UTILS},
)
add(
    "function-that-a-package-hands-on",
    """
from lib import set_seed
set_seed(7)
---
%%step a
import random
x = random.random()
---
%%step b
print(x, random.random())
""",
    files={"lib/__init__.py": "from .utils import set_seed\n", "lib/utils.py": UTILS},
)

add(
    "seeds-of-a-module-imported-by-name",
    """
%%step a
import importlib, random
seedy = importlib.import_module("seedy")
x = random.random()
---
%%step b
import seedy
print(x, random.random())
""",
    "either",
    files={"seedy.py": SEEDY},
)
add(
    "seeds-of-a-module-that-a-function-imports",
    """
%%step a
import front, random
front.go()
x = random.random()
---
%%step b
front.go()
print(x, random.random())
""",
    "refused",
    files={"seedy.py": SEEDY, "front.py": "def go():\n    import seedy\n"},
)

# -- settings --------------------------------------------------------------------------------------------

add(
    "setting-at-import-and-set-again",
    """
import options
---
%%step a
import pandas as pd
print(pd.get_option("display.max_rows"))
---
%%step b
pd.set_option("display.max_rows", 7)
---
%%step c
import options
print(pd.get_option("display.max_rows"))
""",
    files={"options.py": OPTIONS},
)
add(
    "environment-at-import",
    """
%%step a
import env
---
%%step b
import os
print(os.environ["OWN_MODULE"])
""",
    files={"env.py": "import os\nos.environ['OWN_MODULE'] = '1'\n"},
)
add(
    "warnings-at-import",
    """
import quiet
---
%%step a
import warnings
warnings.warn("not shown")
x = 1
---
%%step b
warnings.warn("nor this")
print(x)
""",
    files={"quiet.py": "import warnings\nwarnings.filterwarnings('ignore')\n"},
)
add(
    "accessor-at-import",
    """
import accessor
import pandas as pd
---
%%step a
df = pd.DataFrame({"x": [1, 2]})
---
%%step b
print(df.own.total())
""",
    files={
        "accessor.py": "import pandas as pd\n@pd.api.extensions.register_dataframe_accessor('own')\n"
        "class Own:\n    def __init__(self, df):\n        self.df = df\n"
        "    def total(self):\n        return int(self.df['x'].sum())\n"
    },
)
add(
    "patched-library-at-import",
    """
%%step a
import patch
---
%%step b
import math
print(math.tau)
""",
    files={"patch.py": "import math\nmath.tau = 6\n"},
)
add(
    "path-at-import",
    """
import paths
---
%%step a
import hidden
x = hidden.K
---
%%step b
import hidden
print(x, hidden.K)
""",
    files={"paths.py": "import sys\nsys.path.insert(0, 'lib')\n", "lib/hidden.py": "K = 5\n"},
)
add(
    "function-that-sets-an-option",
    """
from utils import setup
setup()
---
%%step a
import pandas as pd
print(pd.get_option("display.max_rows"))
""",
    files={"utils.py": "import pandas as pd\ndef setup():\n    pd.set_option('display.max_rows', 7)\n"},
)
add(
    "folder-changed-at-import",
    """
import there
---
%%step a
x = open("t.txt").read()
---
%%step b
print(x, open("t.txt").read())
""",
    "either",
    files={"there.py": "import os\nos.chdir('data')\n", "data/t.txt": "t"},
)

# -- prints, clocks, files -------------------------------------------------------------------------------

add(
    "prints-at-import-once",
    """
%%step a
import noisy
x = noisy.K
---
%%step b
import noisy
print(x + noisy.K)
""",
    files={"noisy.py": "print('loading')\nK = 2\n"},
)
add(
    "prints-at-import-inside-a-function",
    """
def get():
    import noisy
    return noisy.K
---
%%step a
x = get()
---
%%step b
print(x + get())
""",
    "refused",
    files={"noisy.py": "print('loading')\nK = 2\n"},
)
add(
    "clock-at-import-in-two-steps",
    """
import run
---
%%step a
x = run.ID
---
%%step b
print(x == run.ID)
""",
    "refused",
    files={"run.py": "import uuid\nID = str(uuid.uuid4())\n"},
)
add(
    "clock-at-import-in-one-step",
    """
import run
---
%%step a
x = run.START > 0
---
%%step b
print(x)
""",
    files={"run.py": "import time\nSTART = time.time()\n"},
)
add(
    "appends-to-a-file-at-import",
    """
%%step a
import log
---
%%step b
import log
print(open("log.txt").read())
""",
    "refused",
    files={"log.py": "with open('log.txt', 'a') as f:\n    f.write('x')\n", "log.txt": ""},
)
add(
    "makes-a-folder-at-import",
    """
import config
---
%%step a
open(f"{config.OUT}/a.txt", "w").write("1")
---
%%step b
print(open(f"{config.OUT}/a.txt").read())
""",
    files={"config.py": "import os\nOUT = 'out'\nos.makedirs(OUT, exist_ok=True)\n"},
)
add(
    "reads-a-file-that-a-later-step-writes",
    """
%%step a
import conf
print(conf.V)
---
%%step b
with open("conf.txt", "w") as f:
    f.write("6")
---
%%step c
import conf
print(conf.V)
""",
    "refused",
    files={"conf.py": "V = open('conf.txt').read()\n", "conf.txt": "1"},
)
add(
    "reads-a-file-that-nobody-writes",
    """
import conf
---
%%step a
x = conf.V["rate"]
---
%%step b
print(x, conf.V)
""",
    files={
        "conf.py": "import json\nfrom pathlib import Path\n"
        "V = json.loads((Path(__file__).parent / 'conf.json').read_text())\n",
        "conf.json": '{"rate": 3}',
    },
)
add(
    "plain-helpers",
    """
from helpers import *
import helpers as h
---
%%step a
x = scale(3)
---
%%step b
print(x, h.K, scale(x), h.Model(2).value)
""",
    files={
        "helpers.py": "from __future__ import annotations\nimport logging\nimport numpy as np\n"
        "from functools import lru_cache\nlogger = logging.getLogger(__name__)\nK = 4\nTABLE = {'a': 1}\n"
        "class Model:\n    def __init__(self, value):\n        self.value = value\n"
        "@lru_cache\ndef scale(x):\n    return x * K\n"
    },
)
